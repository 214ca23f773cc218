using InferenceServer.Models.Engine;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>The scheduler as a game: thousands of random demands, with what must hold checked at each step.</summary>
public class SchedulerGameTests
{
    [Fact]
    public void The_budget_holds_everyone_who_decodes_is_served_and_the_first_prompt_advances()
    {
        var random = new Random(1);
        for (var game = 0; game < 20_000; game++)
        {
            var pending = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Demand(random)).ToArray();
            var spare = pending.Select(rows => rows <= Scheduler.ShortRows && random.Next(3) == 0 ? random.Next(600) : 0).ToArray();
            var budget = pending.Length + random.Next(1 + random.Next(200));
            var (granted, besides) = Share(budget, pending, spare);
            var total = granted.Sum() + besides.Sum();
            Assert.True(total <= budget, $"{total} rows granted of {budget} for {string.Join(',', pending)} and {string.Join(',', spare)}.");
            for (var i = 0; i < pending.Length; i++)
            {
                Assert.InRange(granted[i], 0, pending[i]);
                Assert.InRange(besides[i], 0, spare[i]);
                if (pending[i] <= Scheduler.ShortRows) Assert.True(granted[i] >= 1);
            }

            // Prompts, and what others can run besides, stand in one line.
            var line = Enumerable.Range(0, pending.Length)
                .Select(i => pending[i] > Scheduler.ShortRows ? (Wanted: pending[i], Got: granted[i]) : (Wanted: spare[i], Got: besides[i]))
                .Where(entry => entry.Wanted > 0)
                .ToArray();
            if (pending.Any(rows => rows > Scheduler.ShortRows)) Assert.True(line[0].Got >= 1);
            // Nobody overtakes: a prompt gets rows only once those before it have all they want.
            for (var i = 1; i < line.Length; i++)
            {
                if (line[i].Got > 0) Assert.Equal(line[i - 1].Wanted, line[i - 1].Got);
            }

            // And no row is left over while somebody could use it.
            if (total < budget) Assert.Equal([.. pending, .. spare], granted.Concat(besides));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nobody_starves_while_others_keep_coming(int seed)
    {
        const int most = 12;
        var random = new Random(seed);
        var running = new List<Player>();
        var finished = 0;
        for (var step = 0; step < 5000; step++)
        {
            if (running.Count < most && random.Next(3) > 0)
            {
                // One row at least passes of the prompts ahead, whatever else happens.
                var prompt = Demand(random);
                var ahead = running.Where(player => player.Prompt > 0).Sum(player => player.Prompt);
                running.Add(new Player { Prompt = prompt, Decode = random.Next(1, 60), Deadline = step + ahead + prompt });
            }

            var (granted, _) = Share(most + (seed * 3), [.. running.Select(player => Math.Max(1, player.Prompt))], new int[running.Count]);
            for (var i = 0; i < running.Count; i++)
            {
                var player = running[i];
                if (player.Prompt > 0) player.Prompt -= granted[i];
                else player.Decode -= granted[i];
                Assert.True(player.Prompt == 0 || step <= player.Deadline, $"A prompt with {player.Prompt} rows to go was due in step {player.Deadline}, this is {step}.");
            }

            finished += running.RemoveAll(player => player is { Prompt: 0, Decode: <= 0 } || random.Next(300) == 0);
        }

        Assert.True(finished > 100, $"Only {finished} finished.");
    }

    private static int Demand(Random random) => random.Next(4) switch
    {
        0 => random.Next(1, 600),
        1 => random.Next(1, Scheduler.ShortRows + 3),
        _ => 1,
    };

    private static (int[] Granted, int[] Besides) Share(int budget, int[] pending, int[] spare)
    {
        var granted = new int[pending.Length];
        var besides = new int[pending.Length];
        Scheduler.Share(budget, pending, spare, granted, besides);
        return (granted, besides);
    }

    private sealed class Player
    {
        public int Prompt { get; set; }

        public int Decode { get; set; }

        public int Deadline { get; init; }
    }
}
