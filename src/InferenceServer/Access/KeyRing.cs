using System.Security.Cryptography;
using System.Text;
using InferenceServer.Errors;

namespace InferenceServer.Access;

/// <summary>
/// Who a request is from, by <c>Authorization: Bearer KEY</c> (OpenAI's way) or <c>x-api-key: KEY</c> (Anthropic's). Keys are
/// compared by their hashes, each in constant time and all of them always: neither the time taken nor memory tells a key.
/// </summary>
public sealed class KeyRing
{
    private const string Scheme = "Bearer ";
    private const string KeyHeader = "x-api-key";
    private const int LongestKey = 1024;

    private readonly (byte[] Digest, Caller Caller)[] _keys;
    private readonly Caller? _anybody;

    public KeyRing(AccessSettings settings, TimeProvider clock)
    {
        _keys = [.. settings.Keys.Select(key => (key.Digest(), new Caller(key.Name, key.Thoughts, key.Commands, Limits(settings, key, clock))))];
        if (_keys.Length == 0) _anybody = new Caller(null, MaySeeThoughts: true, MayCommand: true, Limits(settings, new KeySettings(), clock));
    }

    /// <summary>Whether requests need a key.</summary>
    public bool IsLocked => _anybody is null;

    /// <exception cref="ApiException">401: no key, two different ones, or one the server does not know.</exception>
    public Caller Identify(HttpRequest request)
    {
        if (_anybody is not null) return _anybody;
        var bearers = request.Headers.Authorization;
        var others = request.Headers[KeyHeader];
        if (bearers.Count + others.Count == 0)
            throw Unauthorized("This server needs an API key: send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'.", "missing_api_key");
        Caller? caller = null;
        foreach (var key in bearers.Select(OfBearer).Concat(others))
        {
            var found = Find(key);
            if (found is null || (caller is not null && found != caller)) throw Unauthorized("The API key is not known to this server.", "invalid_api_key");
            caller = found;
        }

        return caller!;
    }

    private static string? OfBearer(string? header) =>
        header?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true ? header[Scheme.Length..].Trim() : null;

    private static ApiException Unauthorized(string message, string code) => new(StatusCodes.Status401Unauthorized, message, code);

    private static RateLimits? Limits(AccessSettings settings, KeySettings key, TimeProvider clock) =>
        RateLimits.Create(key.RequestsPerMinute ?? settings.RequestsPerMinute, key.TokensPerMinute ?? settings.TokensPerMinute, clock);

    private Caller? Find(string? key)
    {
        if (string.IsNullOrEmpty(key) || key.Length > LongestKey) return null;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), digest);
        Caller? found = null;
        foreach (var (known, caller) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(known, digest)) found = caller;
        }

        return found;
    }
}
