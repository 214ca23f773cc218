# The CPU image:  docker build -t inference-server .
# The CUDA image: docker build -t inference-server:cuda --target cuda .
# Bases are arguments, so that a mirror, or images of your own, can stand in for them. A NuGet.Config that packages are to be
# restored with is a secret (docs/operations.md): no layer keeps it.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
# Without shell and package manager; brings the user 1654 (APP_UID).
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
# CUDA's libraries come with libtorch's package and the driver with the host's container toolkit, so it need not be one of
# NVIDIA's; but a whole Ubuntu, for what those libraries load of the system.
ARG CUDA_RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0-noble

FROM ${SDK} AS build
WORKDIR /source
# What restoring needs, first: packages are fetched again only when one of these changes.
COPY Directory.Build.props Directory.Packages.props global.json ./
COPY src/Models/Models.csproj src/Models/packages.lock.json src/Models/
COPY src/InferenceServer/InferenceServer.csproj src/InferenceServer/packages.lock.json src/InferenceServer/
# Advisories (NuGetAudit) are for tests to fail on: the same commit builds the same image on every day, without a network too.
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet restore src/InferenceServer --locked-mode -p:NuGetAudit=false
COPY .editorconfig appsettings.json ./
COPY src src
RUN dotnet publish src/InferenceServer --configuration Release --no-restore --output /app

FROM ${SDK} AS build-cuda
# MSBuild takes both from the environment; docs/gpu.md says what they may be.
ARG TorchSharpPackage=TorchSharp-cuda-linux
ARG TorchSharpVersion=0.106.0
WORKDIR /source
COPY .editorconfig appsettings.json Directory.Build.props Directory.Packages.props global.json ./
COPY src src
# One step: the build puts libraries together inside the folder of packages, gigabytes that no layer should hold, and that only
# one build at a time may touch.
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    --mount=type=cache,id=nuget-cuda,target=/root/.nuget/packages,sharing=locked \
    dotnet publish src/InferenceServer --configuration Release --output /app -p:Torch=true -p:NuGetAudit=false

FROM ${CUDA_RUNTIME} AS cuda
WORKDIR /app
COPY --from=build-cuda /app ./
COPY checkpoints checkpoints
ENV ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_EnableDiagnostics=0 \
    DOTNET_gcServer=0 \
    Engine__Device=cuda:0 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
EXPOSE 8080
USER 1654
STOPSIGNAL SIGTERM
# Gigabytes of weights take a while to load.
HEALTHCHECK --interval=30s --timeout=5s --start-period=300s --retries=3 \
    CMD ["dotnet", "/app/InferenceServer.dll", "--probe", "http://127.0.0.1:8080/health"]
ENTRYPOINT ["dotnet", "/app/InferenceServer.dll"]

# Last, so that it is what is built without --target.
FROM ${RUNTIME} AS cpu
WORKDIR /app
COPY --from=build /app ./
# The bundled models; mount others at /models and name them with Models__0__Path.
COPY checkpoints checkpoints
# All addresses of the container. Nothing is written to disk: the root may be read-only.
ENV ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_EnableDiagnostics=0 \
    DOTNET_gcServer=0
EXPOSE 8080
USER 1654
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["dotnet", "/app/InferenceServer.dll", "--probe", "http://127.0.0.1:8080/health"]
ENTRYPOINT ["dotnet", "/app/InferenceServer.dll"]
