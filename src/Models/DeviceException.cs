namespace InferenceServer.Models;

/// <summary>A device that is not there, or too small for a model. The message says what to do.</summary>
public sealed class DeviceException(string message, Exception? innerException = null) : InvalidOperationException(message, innerException);
