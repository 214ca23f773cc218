using System.Security.Cryptography;

namespace InferenceServer.Logging;

/// <summary>The name of a request in logs and in its answer's header: the client's own, if it is one, or a new one.</summary>
internal static class RequestId
{
    public const string Header = "X-Request-Id";

    private const int Longest = 128;
    private const int NewDigits = 32;

    public static string Of(HttpRequest request) =>
        request.Headers[Header] is { Count: 1 } given && IsName(given[0]) ? given[0]! : New();

    public static string New() => RandomNumberGenerator.GetHexString(NewDigits, lowercase: true);

    // It goes into headers and logs: nothing that could end a line there, or be taken for more than a name.
    private static bool IsName(string? text) =>
        text is { Length: > 0 and <= Longest } && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ':' or '/' or '+' or '=' or '@');
}
