namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Where Metaspace puts a replacement character in front of a piece that does not begin with one.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}
