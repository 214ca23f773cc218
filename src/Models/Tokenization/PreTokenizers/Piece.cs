namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>A stretch of a list's text.</summary>
/// <param name="Start">UTF-16 unit in the list's text.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="AtOrigin">The piece begins where the whole input begins.</param>
internal readonly record struct Piece(int Start, int Length, bool AtOrigin);
