# The CPU image:  docker build -t inference-server .
# The CUDA image: docker build -t inference-server:cuda --target cuda .
# Bases are arguments, so that a mirror, or images of your own, can stand in for them. A NuGet.Config that packages are to be
# restored with is a secret (docs/operations.md): no layer keeps it.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
# Without shell and package manager; brings the user 1654 (APP_UID).
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

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

FROM ${RUNTIME}
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
