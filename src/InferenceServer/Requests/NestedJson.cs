using System.Text.Json;

namespace InferenceServer.Requests;

/// <summary>Reads records inside what a converter reads.</summary>
internal static class NestedJson
{
    /// <exception cref="JsonException">It is no such record. The serializer adds the place, as far as it knows it.</exception>
    public static T Read<T>(ref Utf8JsonReader reader, JsonSerializerOptions options)
        where T : class
    {
        try
        {
            return (T?)JsonSerializer.Deserialize(ref reader, options.GetTypeInfo(typeof(T))) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            // Its path begins at the record, where the client counts from the request.
            throw new JsonException();
        }
    }

    /// <summary>All records of the array the reader stands at.</summary>
    /// <exception cref="JsonException">It is no array, or something in it is no such record.</exception>
    public static List<T> ReadArray<T>(ref Utf8JsonReader reader, JsonSerializerOptions options)
        where T : class
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var records = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) records.Add(Read<T>(ref reader, options));
        return records;
    }
}
