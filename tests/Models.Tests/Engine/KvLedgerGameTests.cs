using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>Thousands of random moves, with what must hold checked after each.</summary>
public class KvLedgerGameTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_page_is_lost_or_owned_twice_and_no_shared_page_is_written(int seed)
    {
        var random = new Random(seed);
        var ledger = new KvLedger(new KvGeometry(4, 1, 3), 60);
        var tables = new List<(KvTable Table, List<int> Tokens)>();
        for (var move = 0; move < 4000; move++)
        {
            if (tables.Count == 0 || random.Next(7) == 0)
            {
                tables.Add((ledger.CreateTable(), [.. Enumerable.Range(0, random.Next(1, 30)).Select(i => i / 9 % (1 + random.Next(2)))]));
                if (random.Next(2) == 0) Assert.True(ledger.Attach(tables[^1].Table, "", tables[^1].Tokens) < tables[^1].Tokens.Count);
            }

            var (table, tokens) = tables[random.Next(tables.Count)];
            switch (random.Next(1, 7))
            {
                case 1 or 2:
                    var range = new LayerRange(0, random.Next(1, 4));
                    var start = table.Length(range);
                    var free = ledger.AvailablePages;
                    var length = Math.Min(tokens.Count, start + random.Next(1, 9));
                    if (length < start) break;
                    var before = Pages(table);
                    if (ledger.TryReserve(table, range, length)) table.Commit(range, length);
                    else Assert.Equal((before, free), (Pages(table), ledger.AvailablePages));
                    break;
                case 3:
                    ledger.Share(table, "", tokens);
                    break;
                case 4:
                    var to = random.Next(tokens.Count);
                    ledger.Truncate(table, to);
                    Assert.True(table.Length(new LayerRange(0, 3)) <= to);
                    break;
                case 5:
                    ledger.Truncate(table, 0);
                    Assert.Equal(0, Pages(table));
                    break;
                default:
                    ledger.Free(table);
                    tables.RemoveAll(entry => entry.Table == table);
                    break;
            }

            Assert.Null(ledger.CheckIntegrity());
        }

        foreach (var (table, _) in tables) ledger.Free(table);
        Assert.Null(ledger.CheckIntegrity());
        Assert.Equal(ledger.CachedPages, ledger.UsedPages);
    }

    private static int Pages(KvTable table) => Enumerable.Range(0, 3).Sum(group => table.Pages(group).Count);
}
