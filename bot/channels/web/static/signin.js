/** Signs in with the link's token, which stands behind the #: no server and no log sees it. A tap uses it up. */

import { post, Refused } from "./line.js";

const { refused, trouble } = document.querySelector("script[data-refused]").dataset;
const [button, said] = ["in", "said"].map((id) => document.getElementById(id));
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

if (token) button.addEventListener("click", signIn);
else refuse(refused);

async function signIn() {
  button.disabled = true;
  said.textContent = "";
  try {
    const { to } = await post("/dashboard/in", { token });
    location.replace(to);
  } catch (error) {
    if (error instanceof Refused) return refuse(error.message);
    said.textContent = trouble;
    button.disabled = false;
  }
}

function refuse(sentence) {
  said.textContent = sentence;
  button.hidden = true;
}
