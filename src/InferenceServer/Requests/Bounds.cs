using System.Globalization;
using System.Numerics;
using InferenceServer.Errors;

namespace InferenceServer.Requests;

/// <summary>Bounds of numbers in a request, checked at the edge.</summary>
internal static class Bounds
{
    /// <exception cref="ApiException">400: outside [<paramref name="min"/>, <paramref name="max"/>], or not a number.</exception>
    public static T Within<T>(string param, T value, T min, T max)
        where T : struct, INumber<T>
    {
        if (value >= min && value <= max) return value;
        throw ApiException.Invalid(param, string.Create(CultureInfo.InvariantCulture, $"'{param}' must be from {min} to {max}; it is {value}."));
    }

    public static T Within<T>(string param, T? value, T min, T max, T otherwise)
        where T : struct, INumber<T> => value is { } given ? Within(param, given, min, max) : otherwise;
}
