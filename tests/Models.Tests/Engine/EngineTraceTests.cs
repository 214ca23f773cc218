using System.Text.Json;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

public class EngineTraceTests
{
    [Fact]
    public async Task A_timeline_shows_thinking_and_speaking_rows_in_one_step()
    {
        var path = Path.GetTempFileName();
        try
        {
            // One speaks from the start, the other thinks for long.
            var never = new SamplingOptions { Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity } };
            var request = Request(1) with { MaxTokens = 60, Thinking = never, Answering = never };
            using var gate = new ManualResetEventSlim();
            using (var engine = Create(TinySetup.Tas(), options: new EngineOptions { TraceFile = path }, wrap: decoder => new WatchedDecoder(decoder, _ => gate.Wait())))
            {
                var generations = new[] { engine.Submit(request with { ThoughtBudget = 0 }), engine.Submit(request with { ThoughtBudget = 40 }) };
                gate.Set();
                foreach (var generation in generations) await Read(generation);
                await Idle(engine);
            }

            var events = JsonElement.Parse(await File.ReadAllTextAsync(path)).EnumerateArray().ToList();
            var rows = events.Where(entry => entry.GetProperty("ph").GetString() == "X" && entry.GetProperty("tid").GetInt32() > 0).ToList();
            var shared = rows.GroupBy(entry => entry.GetProperty("ts").GetDouble())
                .Count(step => step.Any(entry => entry.GetProperty("name").GetString() == "think") && step.Any(entry => entry.GetProperty("name").GetString() == "speak"));
            Assert.True(shared >= 20, $"Only {shared} steps were shared.");
            Assert.Equal(2, rows.Select(entry => entry.GetProperty("tid").GetInt32()).Distinct().Count());
            Assert.Contains(events, entry => entry.GetProperty("ph").GetString() == "C" && entry.GetProperty("args").GetProperty("used").GetInt32() > 0);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
