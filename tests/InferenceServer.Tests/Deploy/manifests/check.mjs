// node check.mjs FOLDER: every manifest of the folder is written as a constant of its type and given to the TypeScript
// compiler, which refuses misspelt keys, wrong types and missing fields. Then what no type says: do the parts fit together?
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
const types = {
  "apps/v1/Deployment": "kubernetes-models/apps/v1",
  "v1/Service": "kubernetes-models/v1",
  "policy/v1/PodDisruptionBudget": "kubernetes-models/policy/v1",
  "autoscaling/v2/HorizontalPodAutoscaler": "kubernetes-models/autoscaling/v2",
};
// The extension's own kinds, by hand (its API reference, inference.networking.k8s.io/v1).
const own = {
  "inference.networking.k8s.io/v1/InferencePool": `{
    apiVersion: "inference.networking.k8s.io/v1"; kind: "InferencePool"; metadata: { name: string; labels?: Record<string, string> };
    spec: {
      selector: { matchLabels: Record<string, string> };
      targetPorts: { number: number }[];
      appProtocol?: "http" | "kubernetes.io/h2c";
      endpointPickerRef: { group?: string; kind?: string; name: string; port?: { number: number }; failureMode?: "FailOpen" | "FailClose" };
    };
  }`,
  "kustomize.config.k8s.io/v1beta1/Kustomization": `{
    apiVersion: "kustomize.config.k8s.io/v1beta1"; kind: "Kustomization"; resources: string[]; labels?: { pairs: Record<string, string> }[];
  }`,
};

const problems = [];
const expect = (holds, problem) => holds || problems.push(problem);
const documents = new Map();
let code = "";
for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml")).sort()) {
  for (const document of parseAllDocuments(readFileSync(join(folder, file), "utf8"), { strict: true, uniqueKeys: true })) {
    for (const problem of [...document.errors, ...document.warnings]) problems.push(`${file}: ${problem.message}`);
    const value = document.toJS();
    const id = `${value?.apiVersion}/${value?.kind}`;
    const [module, type] = [types[id], own[id]];
    if (!module && !type) {
      problems.push(`${file}: ${id} is not a kind this check knows.`);
      continue;
    }
    documents.set(value.kind, value);
    const name = `document${documents.size}`;
    if (module) code += `import type { I${value.kind} } from "${module}";\n`;
    code += `// ${file}\nexport const ${name}: ${type ?? `I${value.kind}`} = ${JSON.stringify(value, null, 2)};\n`;
  }
}

writeFileSync(join(here, "generated.ts"), code);
try {
  execFileSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", join(here, "generated.ts")], { cwd: here, encoding: "utf8" });
} catch (failure) {
  problems.push(failure.stdout || String(failure));
}

const { Deployment: deployment, Service: service, PodDisruptionBudget: budget, HorizontalPodAutoscaler: scaler, InferencePool: pool, Kustomization: kustomization } = Object.fromEntries(documents);
const pod = deployment.spec.template;
const [container] = pod.spec.containers;
const matches = (selector) => Object.entries(selector).length > 0 && Object.entries(selector).every(([key, value]) => pod.metadata.labels[key] === value);
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
expect(matches(deployment.spec.selector.matchLabels), "The deployment does not select its own pods.");
expect(matches(service.spec.selector), "The service selects no pod.");
expect(matches(budget.spec.selector.matchLabels), "The disruption budget selects no pod.");
expect(matches(pool.spec.selector.matchLabels), "The inference pool selects no pod.");
expect(scaler.spec.scaleTargetRef.name === deployment.metadata.name && scaler.spec.scaleTargetRef.kind === "Deployment", "The autoscaler scales something else.");
expect(scaler.spec.minReplicas >= deployment.spec.replicas && scaler.spec.maxReplicas > scaler.spec.minReplicas, "The autoscaler's bounds are not the deployment's.");
const port = container.ports.find(({ name }) => name === "http");
expect(service.spec.ports[0].targetPort === port.name, "The service's port is not the container's.");
expect(pool.spec.targetPorts.some(({ number }) => number === port.containerPort), "The pool's port is not the container's.");
expect(pod.metadata.annotations["prometheus.io/port"] === String(port.containerPort), "The scraped port is not the container's.");
for (const [probe, path] of [["startupProbe", "/health"], ["readinessProbe", "/health"], ["livenessProbe", "/live"]])
  expect(container[probe]?.httpGet.path === path && container[probe].httpGet.port === port.name, `${probe} does not ask ${path}.`);
const drain = Number(environment.Server__ShutdownSeconds) + container.lifecycle.preStop.sleep.seconds + 5;
expect(pod.spec.terminationGracePeriodSeconds > drain, `The pod is killed before ${drain} s of draining are over.`);
const { securityContext: outer } = pod.spec;
const { securityContext: inner } = container;
expect(outer.runAsNonRoot && outer.runAsUser > 0 && inner.readOnlyRootFilesystem && !inner.allowPrivilegeEscalation && inner.capabilities.drop.includes("ALL"), "The container has rights it does not need.");
expect(container.resources.requests?.memory && container.resources.limits?.memory === container.resources.requests.memory, "Memory is not reserved.");
expect(!/:(latest)?$/.test(container.image) && container.image.includes(":"), "The image has no version.");
for (const resource of kustomization.resources) expect(readdirSync(folder).includes(resource), `${resource} is not there.`);

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${documents.size} manifests fit.`);
