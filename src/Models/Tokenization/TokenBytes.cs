using System.Text;
using InferenceServer.Models.Tokenization.Decoders;

namespace InferenceServer.Models.Tokenization;

/// <summary>What single tokens stand for, found out by sending them through the decoder between two others.</summary>
internal sealed class TokenBytes
{
    // A token of plain letters as neighbour: the decoder must see that the token is neither the first nor the last.
    private const string Neighbour = "a";
    private const byte SpecialLead = 0xFF;

    private readonly Tokenizer _tokenizer;
    private readonly DecoderReader _decoder;
    private readonly int _before;
    private readonly int _after;

    public TokenBytes(Tokenizer tokenizer, DecoderReader decoder)
    {
        (_tokenizer, _decoder) = (tokenizer, decoder);
        _before = Decode([Neighbour]).Length;
        _after = Decode([Neighbour, Neighbour]).Length - _before;
    }

    public IReadOnlyList<byte[]?> All()
    {
        var all = new byte[]?[_tokenizer.VocabularySize];
        for (var id = 0; id < all.Length; id++)
        {
            if (_tokenizer.IdToToken(id) is not { } token) continue;
            all[id] = _tokenizer.IsSpecial(id) ? [SpecialLead, .. Encoding.UTF8.GetBytes(token)] : Of(token);
        }

        return all;
    }

    private byte[]? Of(string token)
    {
        if (_decoder.HasByteFallback && ByteFallbackDecoder.TryReadByte(token, out var value)) return Text([value]);
        if (_decoder.IsByteLevel) return Text(ByteLevelDecoder.BytesOf(token));
        var text = Decode([Neighbour, token, Neighbour]);
        return text.Length > _before + _after ? Encoding.UTF8.GetBytes(text[_before..^_after]) : [];
    }

    // Bytes that no UTF-8 holds: such a token is never part of a text.
    private static byte[]? Text(byte[] bytes) => bytes.AsSpan().ContainsAny((byte)0xFE, SpecialLead) ? null : bytes;

    private string Decode(IEnumerable<string> tokens)
    {
        var (first, sink) = _decoder.CreateChain();
        foreach (var token in tokens) first.Push(token, endsToken: true);
        first.Complete();
        return sink.Take();
    }
}
