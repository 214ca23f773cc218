using System.Text;

namespace InferenceServer.Models.Tokenization;

/// <summary>
/// Text to token ids and back. The shape follows <c>Microsoft.ML.Tokenizers.Tokenizer</c>. Instances are immutable and
/// may be used by any number of threads.
/// </summary>
public abstract class Tokenizer
{
    /// <summary>Highest id + 1, including added tokens.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Beginning-of-sequence, end-of-sequence and other tokens by name.</summary>
    public abstract SpecialTokens SpecialTokens { get; }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Any text; unpaired surrogates count as U+FFFD.</param>
    /// <param name="addSpecialTokens">Adds what the tokenizer puts around a text, such as BOS.</param>
    /// <param name="parseSpecialTokens">
    /// False for untrusted text: strings that look like special tokens are encoded as ordinary text.
    /// </param>
    public abstract IReadOnlyList<int> EncodeToIds(string text, bool addSpecialTokens = true, bool parseSpecialTokens = true);

    /// <summary>Decodes ids; ids that do not exist stand for nothing, invalid UTF-8 becomes U+FFFD.</summary>
    public virtual string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var detokenizer = CreateDetokenizer(skipSpecialTokens);
        var text = new StringBuilder();
        foreach (var id in ids)
            text.Append(detokenizer.Append(id));
        return text.Append(detokenizer.Flush()).ToString();
    }

    /// <summary>The id of a token string (as in the vocabulary, not as in text), or null.</summary>
    public abstract int? TokenToId(string token);

    /// <summary>The token string of an id, or null where there is none.</summary>
    public abstract string? IdToToken(int id);

    /// <summary>Whether the id is a special (control) token.</summary>
    public abstract bool IsSpecial(int id);

    /// <summary>
    /// Per id, the bytes the token stands for in the middle of a text, not always a whole character; null for ids that do not
    /// exist. Special tokens, which stand for no text, are the byte 0xFF, which no text holds, and their name in UTF-8.
    /// </summary>
    public abstract IReadOnlyList<byte[]?> TokenBytes();

    /// <summary>A detokenizer for one stream.</summary>
    public abstract StreamingDetokenizer CreateDetokenizer(bool skipSpecialTokens = true);

    /// <summary>
    /// Loads <c>tokenizer.json</c> (Hugging Face tokenizers) and, where present, <c>tokenizer_config.json</c> from a
    /// checkpoint directory.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no tokenizer.json.</exception>
    /// <exception cref="InvalidDataException">A file is malformed or needs something unsupported; names file and JSON path.</exception>
    public static Tokenizer Load(string directory) => TokenizerLoader.Load(directory);
}
