"""Records a real streamed generation as an animated SVG: python3 docs/pictures/record.py "prompt" docs/pictures/session.svg

Talks to a running server's /v1/generate, keeps when each token came, and replays it (slowed down, since a small model
is faster than the eye). Thoughts and answer keep the colours the server gave them by channel. Standard library only.
"""
import json
import re
import sys
import time
import urllib.request
from xml.sax.saxutils import escape

URL = "http://localhost:8080"
WIDTH, LINE, LEFT, COLUMNS = 920, 22, 24, 84
COLOURS = {"shell": "#9aa4b2", "thought": "#d19a66", "answer": "#98c379", "note": "#61afef"}


def generate(model, prompt):
    """Yields (seconds since the request, event name, data) of one streamed generation."""
    body = json.dumps({"model": model, "prompt": prompt, "stream": True, "temperature": 0}).encode()
    request = urllib.request.Request(URL + "/v1/generate", body, {"Content-Type": "application/json"})
    start = time.perf_counter()
    name = None
    with urllib.request.urlopen(request) as response:
        for raw in response:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: ") and name:
                yield time.perf_counter() - start, name, json.loads(line[6:])


def wrap(pieces):
    """Breaks (time, style, text) pieces into lines of at most COLUMNS characters, between words; a newline breaks too."""
    lines, column = [[]], 0
    for at, style, text in pieces:
        for word in re.findall(r"\n|[^ \n]+|[ ]+", text):
            if word == "\n" or column + len(word) > COLUMNS:
                lines.append([])
                column = 0
                if word.isspace():
                    continue
            if lines[-1] and lines[-1][-1][:2] == (at, style):
                word = lines[-1].pop()[2] + word
            lines[-1].append((at, style, word))
            column = sum(len(part) for _, _, part in lines[-1])
    return lines


def main():
    prompt, path = sys.argv[1], sys.argv[2]
    model = json.load(urllib.request.urlopen(URL + "/v1/models"))["data"][0]
    runs = [list(generate(model["id"], prompt)) for _ in range(9)]
    events = sorted(runs, key=lambda run: run[-1][0])[len(runs) // 2]  # the run of median length
    tokens = [(at, name, data) for at, name, data in events if name in ("thought", "answer")]
    pace = 0.09  # seconds a token in the picture
    pieces = [(0, "shell", "$ curl -N localhost:8080/v1/generate -H 'Content-Type: application/json' -d '%s'\n\n" % json.dumps(
        {"model": model["id"], "stream": True, "prompt": prompt}))]
    clock, last = 1.2, None
    for _, name, data in tokens:
        if name != last:
            label = "thought · after layer %s of %s" % (model.get("thinking_layer"), model.get("layers")) if name == "thought" else "answer · last layer"
            pieces.append((clock, "note", ("\n\n" if last else "") + label + "\n"))
            last = name
        pieces.append((clock, name, data["text"]))
        clock += pace
    total = tokens[-1][0]
    first_answer = next(at for at, name, _ in tokens if name == "answer")
    pieces.append((clock + 0.3, "note", "\n\n%d thought and %d answer tokens in %.0f ms; first thought after %.0f ms, first answer after %.0f ms" % (
        sum(name == "thought" for _, name, _ in tokens), sum(name == "answer" for _, name, _ in tokens),
        total * 1000, tokens[0][0] * 1000, first_answer * 1000)))
    lines = wrap(pieces)
    height = LINE * (len(lines) + 2)
    period = clock + 5
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="15">' % (WIDTH, height),
           '<title>A streamed generation: the thought first, then the answer</title>',
           '<rect width="100%" height="100%" rx="10" fill="#1e2227"/>']
    for row, line in enumerate(lines):
        spans = []
        for at, style, text in line:
            if not text:
                continue
            show = '<animate attributeName="opacity" values="0;0;1;1" keyTimes="0;%.4f;%.4f;1" dur="%.1fs" repeatCount="indefinite"/>' % (
                at / period, min(1, at / period + 1e-4), period) if at > 0 else ""
            spans.append((style, text, show))
        column = 0
        for style, text, show in spans:
            out.append('<text x="%.1f" y="%d" fill="%s" xml:space="preserve" textLength="%.1f">%s%s</text>' % (
                LEFT + column * 9.03, LINE * (row + 2) - 6, COLOURS[style], len(text) * 9.03, escape(text), show))
            column += len(text)
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))
    print("".join(text for _, _, text in pieces))


main()
