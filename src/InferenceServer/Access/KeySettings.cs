using System.Security.Cryptography;
using System.Text;
using InferenceServer.Hosting;

namespace InferenceServer.Access;

/// <summary>One entry of <c>Access:Keys</c>: a key and what it may do.</summary>
public sealed record KeySettings
{
    private const int Sha256Digits = 2 * SHA256.HashSizeInBytes;
    private const int ShortestKey = 8;

    /// <summary>Named in logs, and in the salt of cached prompts; letters, digits, dots, dashes and underscores.</summary>
    public string? Name { get; init; }

    /// <summary>SHA-256 of the key's UTF-8 bytes, in hexadecimal. Either this or the key.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The key itself; only from the environment.</summary>
    public string? Key { get; init; }

    /// <summary>Whether its requests may show thoughts.</summary>
    public bool Thoughts { get; init; } = true;

    /// <summary>Whether it may command the streams it has started.</summary>
    public bool Commands { get; init; } = true;

    /// <summary>Over <see cref="AccessSettings.RequestsPerMinute"/>; 0 = no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Over <see cref="AccessSettings.TokensPerMinute"/>; 0 = no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>SHA-256 of the key.</summary>
    internal byte[] Digest() => Key is null ? Convert.FromHexString(Sha256!) : SHA256.HashData(Encoding.UTF8.GetBytes(Key));

    /// <exception cref="SettingsException">Names the setting and what it may be; never the key.</exception>
    internal void Validate(string section)
    {
        SettingsException.Require(AccessSettings.IsName(Name), section, nameof(Name), "1 to 64 letters, digits, dots, dashes or underscores", Name);
        if (Sha256 is null == Key is null) throw new SettingsException($"{section} must have either {nameof(Sha256)} or {nameof(Key)}.");
        if (Sha256 is not null && (Sha256.Length != Sha256Digits || !Sha256.All(char.IsAsciiHexDigit)))
            throw new SettingsException($"{section}:{nameof(Sha256)} must be {Sha256Digits} hexadecimal digits: printf %s KEY | sha256sum");
        if (Key is { Length: < ShortestKey } || Key?.Any(letter => letter is <= ' ' or > '~') == true)
            throw new SettingsException($"{section}:{nameof(Key)} must have at least {ShortestKey} characters, all of them printable ASCII without spaces.");
        SettingsException.Require(RequestsPerMinute is null or >= 0, section, nameof(RequestsPerMinute), "0 or more", RequestsPerMinute);
        SettingsException.Require(TokensPerMinute is null or >= 0, section, nameof(TokensPerMinute), "0 or more", TokensPerMinute);
    }
}
