namespace InferenceServer.Models.Tests.Conformance;

/// <summary>What an engine that keeps bits must give exactly, and one built on a library's products nearly.</summary>
internal static class Agreement
{
    /// <param name="tolerance">Largest difference, relative to the largest number of a row; 0 = to the bit.</param>
    public static void Same(IReadOnlyList<double[]> expected, IReadOnlyList<double[]> found, double tolerance)
    {
        if (tolerance == 0)
        {
            Assert.Equal(expected, found);
            return;
        }

        Assert.Equal(expected.Count, found.Count);
        for (var row = 0; row < expected.Count; row++)
        {
            var allowed = tolerance * expected[row].Max(Math.Abs);
            Assert.All(expected[row].Zip(found[row]), pair => Assert.Equal(pair.First, pair.Second, allowed));
        }
    }
}
