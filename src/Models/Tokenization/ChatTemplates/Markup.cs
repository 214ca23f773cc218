namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Strings marked by <c>safe</c> or <c>escape</c>: text that joins them is escaped for HTML, as markupsafe does.</summary>
internal static class Markup
{
    public static StringValue Escape(StringValue text)
    {
        if (text.IsMarkup)
        {
            return text;
        }

        var escaped = text.Rope.Map(part => part
            .Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal)
            .Replace("\"", "&#34;", StringComparison.Ordinal));
        return new(escaped, isMarkup: true);
    }

    public static StringValue Add(StringValue left, StringValue right)
    {
        var isMarkup = left.IsMarkup || right.IsMarkup;
        var (a, b) = isMarkup ? (Escape(left), Escape(right)) : (left, right);
        return new(OriginText.Concat(a.Rope, b.Rope), isMarkup);
    }
}
