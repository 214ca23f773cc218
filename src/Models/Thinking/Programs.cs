using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Thinking;

/// <summary>The one place that maps a method to its program.</summary>
public static class Programs
{
    public static ThinkingProgram Create(GenerationRequest request, ProgramContext context) => context.Thinking.Method switch
    {
        ThinkingMethod.Plain => new Plain(request, context),
        ThinkingMethod.Tas => new Tas(request, context),
        ThinkingMethod.Bitune => new Bitune(request, context),
        ThinkingMethod.IcotSi => new IcotSi(request, context),
        ThinkingMethod.IcotKd => new IcotKd(request, context),
        ThinkingMethod.QuietStar => new QuietStar(request, context),
        ThinkingMethod.Tpo => new Tpo(request, context),
        _ => throw new ArgumentOutOfRangeException(nameof(context), context.Thinking.Method, "Unknown thinking method."),
    };
}
