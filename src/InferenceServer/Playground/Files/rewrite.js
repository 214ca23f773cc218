// Editing a thought: the pane becomes a field, and back.

/** answer(thought): the user wants the model to answer from this. */
export function bindRewrite(stage, answer) {
  const pane = stage.root.querySelector(".voice[data-voice=thought] .pane");
  const [edit, form, field] = [".edit", ".rewrite", ".rewrite textarea"].map(where => pane.querySelector(where));
  const close = () => {
    form.hidden = true;
    pane.classList.remove("editing");
  };
  edit.addEventListener("click", () => {
    field.value = stage.thoughtText();
    form.hidden = false;
    pane.classList.add("editing");
    field.focus();
  });
  pane.querySelector(".cancel").addEventListener("click", () => {
    close();
    edit.focus();
  });
  form.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    else if (event.key === "Escape") pane.querySelector(".cancel").click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    close();
    edit.focus();
    answer(field.value);
  });
  return { close, offer: possible => { edit.hidden = !possible; } };
}
