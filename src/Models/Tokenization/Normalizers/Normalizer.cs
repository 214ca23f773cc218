namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>Rewrites a section of text before it is cut into pieces.</summary>
internal abstract class Normalizer
{
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="atOrigin">
    /// Whether the first character stands for the first character of the whole input; cleared when it is removed.
    /// Metaspace's <c>prepend_scheme: first</c> depends on it.
    /// </param>
    public abstract string Normalize(string text, ref bool atOrigin);

    public string Normalize(string text)
    {
        var ignored = false;
        return Normalize(text, ref ignored);
    }
}
