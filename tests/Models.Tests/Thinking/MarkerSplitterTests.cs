using FsCheck;
using FsCheck.Fluent;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

public class MarkerSplitterTests
{
    private static readonly ThinkingBlock Published = new()
    {
        ThoughtMarkers = ["Here is my thought process:", "Here's my thought process:"],
        AnswerMarkers = ["Here is my response:", "Here's my response:"],
    };

    // Markers that begin alike, contain each other, and overlap.
    private static readonly ThinkingBlock Nasty = new() { ThoughtMarkers = ["ab", "abc"], AnswerMarkers = ["bcab", "ca", "cac"] };

    [Fact]
    public void Thought_and_answer_are_told_apart_and_markers_shown_to_nobody() => Assert.Equal(
        ("2+2 is 4.\n\n", "It is 4. Here is my response: no marker here"),
        Split(Published, ["Here is my thought process:\n2+2 is 4.\n\nHere is my response: It is 4. Here is my response: no marker here"]));

    [Fact]
    public void Without_a_marker_everything_is_the_answer() => Assert.Equal(("", "Here is my th"), Split(Published, ["Here is", " my th"]));

    [Fact]
    public void A_thought_that_never_ends_stays_a_thought() =>
        Assert.Equal(("x Here's my", ""), Split(Published with { StartsInThought = true }, ["x Here", "'s my"]));

    [Fact]
    public void A_longer_marker_wins_though_it_arrives_in_pieces() =>
        Assert.Equal(("", "x"), Split(new ThinkingBlock { AnswerMarkers = ["<R", "<R>"] }, ["<R", ">x"]));

    [Fact]
    public void Any_partition_of_a_text_gives_the_same_two_texts() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var thinking = (random.Next(2) == 0 ? Nasty : Published) with { StartsInThought = random.Next(2) == 0 };
            string[] pieces = [.. thinking.ThoughtMarkers, .. thinking.AnswerMarkers, "a", "b", "c", " ", "\n", "Here is my ", "é", "🙂"];
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var parts = new List<string>();
            for (var at = 0; at < text.Length;)
            {
                var length = Math.Min(random.Next(1, 5), text.Length - at);
                parts.Add(text.Substring(at, length));
                at += length;
            }

            Assert.Equal(Split(thinking, [text]), Split(thinking, parts));
        }));

    [Fact]
    public void The_answer_streams_at_once_and_the_thought_lags_by_less_than_a_marker()
    {
        var splitter = new MarkerSplitter(Published with { StartsInThought = true });
        var sent = 0;
        var text = "thinking about Here is nothing Here is my response:";
        for (var i = 0; i < text.Length - 1; i++)
        {
            sent += splitter.Append(text[i].ToString()).Sum(span => span.Text.Length);
            Assert.True(i + 1 - sent < Published.AnswerMarkers[0].Length);
        }

        splitter.Append(":");
        Assert.Equal([(SpanKind.Marker, " "), (SpanKind.Answer, "y")], splitter.Append(" y"));
    }

    private static (string Thought, string Answer) Split(ThinkingBlock thinking, IReadOnlyList<string> parts)
    {
        var splitter = new MarkerSplitter(thinking);
        var spans = parts.SelectMany(splitter.Append).ToList();
        spans.AddRange(splitter.Flush());
        string Of(SpanKind kind) => string.Concat(spans.Where(span => span.Kind == kind).Select(span => span.Text));
        return (Of(SpanKind.Thought), Of(SpanKind.Answer));
    }
}
