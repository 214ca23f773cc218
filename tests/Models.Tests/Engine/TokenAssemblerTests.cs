using System.Text;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Engine;

public class TokenAssemblerTests
{
    [Fact]
    public void Any_tokens_of_a_text_give_the_text_and_stop_strings_cut_it_at_the_same_place()
    {
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => new[] { "a", "b", "ab", "é", "🙂", " ", "stop" }[random.Next(7)]));
            string[] stops = random.Next(3) switch { 0 => [], 1 => ["ab", "b🙂"], _ => ["stop", "é "] };
            var cuts = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).ToList();
            var (events, assembler) = Assemble(Pieces(Encoding.UTF8.GetBytes(text), random), TokenChannel.Answer, stops);
            Assert.Equal(cuts.Count > 0 ? text[..cuts.Min()] : text, Text(events));
            Assert.Equal(cuts.Count > 0, assembler.StopString is not null);
            Assert.Equal(events.Count(item => item.TokenId is not null), assembler.Usage.AnswerTokens);
            Assert.All(events, item => Assert.False(item.Text.Length > 0 && char.IsHighSurrogate(item.Text[^1])));
        }
    }

    [Fact]
    public void Half_a_character_at_the_end_is_not_lost()
    {
        byte[] bytes = [.. "a"u8, 0xC3];
        Assert.Equal("a\uFFFD", Text(Assemble([bytes], TokenChannel.Answer, []).Events));
        Assert.Equal("a\uFFFD", Text(Assemble([bytes[..1], bytes[1..]], TokenChannel.Answer, []).Events));
        Assert.Equal("a\uFFFD", Text(Assemble([bytes], TokenChannel.Thought, []).Events));
    }

    [Fact]
    public void Stop_strings_never_look_at_thoughts() =>
        Assert.Equal("a stop b", Text(Assemble([.. "a stop b".Select(c => new[] { (byte)c })], TokenChannel.Thought, ["stop"]).Events));

    [Fact]
    public void A_thoughts_last_half_character_comes_before_the_answer()
    {
        byte[][] vocabulary = [[0xC3], [(byte)'x']];
        var events = new List<GenerationEvent>();
        var assembler = new TokenAssembler(Request([]), () => new ByteDetokenizer(vocabulary), events.Add);
        assembler.Emit(TokenChannel.Thought, 2, 0, default);
        assembler.Emit(TokenChannel.Answer, 4, 1, default);
        assembler.Complete();
        Assert.Equal([TokenChannel.Thought, TokenChannel.Thought, TokenChannel.Answer], events.Cast<GenerationEvent.Token>().Select(item => item.Channel));
        Assert.Equal("\uFFFDx", Text(events.Cast<GenerationEvent.Token>()));
    }

    private static (List<GenerationEvent.Token> Events, TokenAssembler Assembler) Assemble(byte[][] pieces, TokenChannel channel, string[] stops)
    {
        var events = new List<GenerationEvent.Token>();
        var assembler = new TokenAssembler(Request(stops), () => new ByteDetokenizer(pieces), item => events.Add((GenerationEvent.Token)item));
        for (var i = 0; i < pieces.Length; i++) assembler.Emit(channel, 4, i, default(HeadResult));
        assembler.Complete();
        return (events, assembler);
    }

    private static GenerationRequest Request(string[] stops) => new() { Prompt = [1], MaxTokens = 9, Stop = stops };

    private static string Text(IEnumerable<GenerationEvent.Token> events) => string.Concat(events.Select(item => item.Text));

    private static byte[][] Pieces(byte[] bytes, Random random)
    {
        var pieces = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(random.Next(1, 6), bytes.Length - at);
            pieces.Add(bytes[at..(at + length)]);
            at += length;
        }

        return [.. pieces];
    }
}
