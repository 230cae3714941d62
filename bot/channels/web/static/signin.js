/** Signs in with the link's token, which stands behind the #: no server and no log sees it. A tap uses it up. */

const script = document.querySelector("script[data-refused]");
const [button, said] = ["in", "said"].map((id) => document.getElementById(id));
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

if (token) button.addEventListener("click", signIn);
else refuse(script.dataset.refused);

async function signIn() {
  button.disabled = true;
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/dashboard/in", { method: "POST", headers, body: JSON.stringify({ token }) });
    const { to, error } = await answer.json();
    if (to) location.replace(to);
    else if (answer.status === 403) refuse(error);
    else throw new Error(error);
  } catch ({ message }) {
    said.textContent = message;
    button.disabled = false;
  }
}

function refuse(sentence) {
  said.textContent = sentence;
  button.hidden = true;
}
