using InferenceServer.Models.Tokenization.Decoders;

namespace InferenceServer.Models.Tokenization;

/// <summary>
/// Turns the ids of one stream into text as they arrive. Everything returned by <see cref="Append"/> and then
/// <see cref="Flush"/>, concatenated, equals <see cref="Tokenizer.Decode"/> of all ids, for any ids; no piece ends within a
/// code point. Time and memory per token do not grow with the length of the stream, except that a run of byte-fallback
/// tokens is held until it ends. Not safe for concurrent use.
/// </summary>
public sealed class StreamingDetokenizer
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly DecoderStage _first;
    private readonly TextSink _sink;
    private bool _hasTokens;
    private bool _completed;

    internal StreamingDetokenizer(Tokenizer tokenizer, DecoderReader decoder, bool skipSpecialTokens)
    {
        (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);
        (_first, _sink) = decoder.CreateChain();
    }

    /// <summary>Takes the next id; returns the text that became certain, often empty. Unknown ids stand for nothing.</summary>
    /// <exception cref="InvalidOperationException">The stream was flushed.</exception>
    public string Append(int id)
    {
        if (_completed)
            throw new InvalidOperationException("This detokenizer has been flushed: create another one for the next stream.");
        if (_tokenizer.IdToToken(id) is not { } token || (_skipSpecialTokens && _tokenizer.IsSpecial(id)))
            return "";
        _hasTokens = true;
        _first.Push(token, endsToken: true);
        return _sink.Take();
    }

    /// <summary>Ends the stream and returns what was held back; incomplete UTF-8 becomes U+FFFD.</summary>
    public string Flush()
    {
        if (_completed || !_hasTokens)
        {
            _completed = true;
            return "";
        }

        _completed = true;
        _first.Complete();
        return _sink.Take();
    }
}
