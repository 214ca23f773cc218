using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>The trained checkpoint of the repository, as a newcomer meets it.</summary>
public sealed class BundledCheckpointTests
{
    private static readonly string Folder = Repository.Path("checkpoints/tas-stories");

    [Fact]
    public async Task It_thinks_and_then_answers()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "checkpoints/tas-stories is not in this working copy.");
        await using var server = new BundledServer();
        await server.InitializeAsync();
        var body = Chat("Once upon a time", "tas-stories").With("max_tokens", 200);
        var whole = await server.CallAsync(Chats, body);
        var (thought, answer) = Said(whole);
        Assert.NotEmpty(thought!);
        Assert.NotEmpty(answer);
        Assert.DoesNotContain('\uFFFD', thought + answer);
        Assert.Equal((thought!, answer), Said(await server.StreamAsync(Chats, body)));
    }

    private sealed class BundledServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string> { ["Models:0:Path"] = Folder };
    }
}
