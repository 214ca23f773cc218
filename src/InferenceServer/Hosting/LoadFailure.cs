using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Hosting;

/// <summary>Tells a checkpoint the operator must mend, for which the message is enough, from a fault of the server.</summary>
internal static class LoadFailure
{
    public static bool IsOfCheckpoint(Exception exception) => exception
        is CheckpointException or InvalidDataException or ChatTemplateException or IOException or UnauthorizedAccessException
        or InvalidOperationException or NotSupportedException or SettingsException;
}
