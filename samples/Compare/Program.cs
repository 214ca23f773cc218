using InferenceServer.Samples.Compare;

if (args is ["--help" or "-h"] || args.Length > 2)
{
    Console.WriteLine("""
        Usage: Compare [URL] [PROMPT]
          Asks every model of a running server the same thing with its thoughts on, off and edited, as far as its method can,
          and prints thought, answer, tokens and time side by side.
          URL     the server, http://localhost:8080 unless given
          PROMPT  asked of every model; otherwise each is asked its own example
        """);
    return args.Length > 2 ? 2 : 0;
}

using var server = new ServerClient(args.Length > 0 ? args[0] : "http://localhost:8080");
IReadOnlyList<ServedModel> models;
try
{
    models = await server.ModelsAsync();
}
catch (HttpRequestException exception)
{
    Console.Error.WriteLine($"{server.Address} does not answer ({exception.Message}). Start the server first: dotnet run -c Release --project src/InferenceServer");
    return 1;
}

foreach (var model in models)
{
    var prompt = args.Length > 1 ? args[1] : model.Example;
    if (prompt is null)
    {
        Console.WriteLine($"{model.Id}: no example is configured; give a prompt.\n");
        continue;
    }

    Console.WriteLine($"{model.Id} ({model.Method})\n> {prompt}");
    var table = new SideBySide();
    Outcome? own = null;
    foreach (var variant in Variant.Of(model))
    {
        var outcome = await server.GenerateAsync(model.Id, prompt, variant, own?.Thought);
        own ??= outcome;
        table.Add(variant.Name, outcome);
    }

    Console.WriteLine(table);
}

return 0;
