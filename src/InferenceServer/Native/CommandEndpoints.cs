using InferenceServer.Errors;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Native;

/// <summary>Commands to a running stream: end its thought, give it another one, end it.</summary>
internal sealed class CommandEndpoints(RunningGenerations running, RequestReader reader, UnknownFields unknown, ContextRoom room, WireFormat wire)
{
    /// <exception cref="ApiException">400: the method has no thought to end. 404: nothing of this id runs. 409: it is answering already.</exception>
    public async Task<IResult> SpeakAsync(string id, HttpContext context)
    {
        var (run, _) = running.Require(id, context);
        var method = run.Request.Model.Thinking.Method;
        if (method != ThinkingMethod.Tas)
        {
            throw ApiException.Invalid(
                "id", $"The thoughts of this model's method, {method.Id()}, cannot be ended by a command; DELETE ends the whole generation.", "unsupported_command");
        }

        var applied = await run.SendAsync(static _ => new ProgramCommand.AnswerNow());
        return Answer(id, applied, "The generation is not thinking: it answers already.");
    }

    /// <exception cref="ApiException">400: it cannot take a thought, or not this one. 404: nothing of this id runs. 409: it has just ended.</exception>
    public async Task<IResult> ThoughtAsync(string id, HttpContext context)
    {
        var body = await reader.ReadAsync<ThoughtRequest>(context.Request);
        unknown.Check(body.Unknown);
        var (run, takesBack) = running.Require(id, context);
        var model = run.Request.Model;
        var thought = ThoughtMapper.Encode(body.Thought, model);
        if (!takesBack)
        {
            throw ApiException.Invalid(
                "id", "The format of this stream cannot take back what was sent: start the generation at /v1/generate to change its thought.", "unsupported_command");
        }

        var applied = await run.SendAsync(request => new ProgramCommand.ReplaceThought(thought, room.After(request.Prompt.Count, thought.Count, model)));
        return Answer(id, applied, "The generation takes no thought any more: it is ending.");
    }

    /// <exception cref="ApiException">404: nothing of this id runs.</exception>
    public IResult Cancel(string id, HttpContext context)
    {
        var (run, _) = running.Require(id, context);
        run.Cancel();
        return Answer(id, run.Choices, "");
    }

    private IResult Answer(string id, int applied, string refusal)
    {
        if (applied > 0) return Results.Json(new CommandResponse(id, applied), wire.Of<CommandResponse>());
        throw running.Contains(id) ? ApiException.Conflict(refusal, "command_has_no_use") : RunningGenerations.NotFound();
    }
}
