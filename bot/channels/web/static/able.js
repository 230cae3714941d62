// In the script of the oldest browsers: says so when the page's own scripts cannot run here, or did not arrive.
(function () {
  "use strict";
  var lost = false;

  function say(sentence, again) {
    var place = document.querySelector(".opening");
    if (!place || document.body.getAttribute("data-started")) return;
    place.textContent = sentence;
    if (!again) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "again";
    button.textContent = document.body.getAttribute("data-again");
    button.onclick = function () {
      location.reload();
    };
    place.appendChild(document.createElement("br"));
    place.appendChild(button);
  }

  function noteLost(event) {
    if (event.target && event.target.tagName === "SCRIPT") lost = true;
  }

  window.addEventListener("error", noteLost, true); // what does not arrive tells its element only
  window.addEventListener("load", function () {
    var body = document.body;
    if (lost) say(body.getAttribute("data-lost"), true);
    else say(body.getAttribute("data-too-old"), false);
  });
})();
