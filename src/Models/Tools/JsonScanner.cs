namespace InferenceServer.Models.Tools;

/// <summary>Finds the end of a JSON object in text that goes on behind it.</summary>
internal struct JsonScanner
{
    private int _depth;
    private bool _inString;
    private bool _escaped;

    /// <summary>Behind the object's last brace; -1 where it does not end.</summary>
    public static int EndOfObject(string text, int start)
    {
        var scanner = default(JsonScanner);
        for (var at = start; at < text.Length; at++)
        {
            if (scanner.Ends(text[at])) return at + 1;
        }

        return -1;
    }

    /// <summary>Takes the next character; true when it ends the object that the first one began.</summary>
    public bool Ends(char next)
    {
        if (_inString)
        {
            _inString = _escaped || next != '"';
            _escaped = !_escaped && next == '\\';
            return false;
        }

        switch (next)
        {
            case '"':
                _inString = true;
                break;
            case '{' or '[':
                _depth++;
                break;
            case '}' or ']':
                return --_depth == 0;
            default:
                break;
        }

        return false;
    }
}
