// Where the server is, what is asked, and how what it says is shown. Settings come from the environment.
export const url = process.env.INFERENCE_SERVER ?? "http://localhost:8080";
export const key = process.env.INFERENCE_KEY ?? "none";
export const model = process.env.INFERENCE_MODEL ?? "tas-stories";
export const question =
  process.argv[2] ??
  "Lucy starts with 24 shells. She finds 18 more. She gives 10 of them away. How many shells does Lucy have in the end?";

let speaking = "";

/** Writes some text of a voice, under the voice's name when another one spoke before. */
export function say(voice, text) {
  if (!text) return;
  if (voice !== speaking) process.stdout.write(`${speaking ? "\n" : ""}${voice}: `);
  speaking = voice;
  process.stdout.write(text);
}

process.on("exit", () => speaking && process.stdout.write("\n"));
