namespace InferenceServer.Hosting;

/// <summary>Methods of endpoints that only tell: HEAD answers as GET does, without the body; monitors and balancers ask it.</summary>
internal static class ReadMethods
{
    public static readonly string[] All = [HttpMethods.Get, HttpMethods.Head];
}
