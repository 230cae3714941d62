// In the script of the oldest browsers: says so when the page's own scripts cannot run here, or did not arrive.
(function () {
  "use strict";
  var body = document.body;

  function say(sentence, again) {
    var place = document.querySelector(".opening");
    if (!place || body.getAttribute("data-started")) return;
    place.textContent = sentence;
    if (!again) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "again";
    button.textContent = body.getAttribute("data-again");
    button.onclick = function () {
      location.reload();
    };
    place.appendChild(document.createElement("br"));
    place.appendChild(button);
  }

  var lost = false;
  var scripts = document.querySelectorAll("script[type=module]");
  for (var i = 0; i < scripts.length; i += 1) {
    scripts[i].addEventListener("error", function () {
      lost = true;
    });
  }
  window.addEventListener("load", function () {
    if (lost) say(body.getAttribute("data-lost"), true);
    else say(body.getAttribute("data-too-old"), false);
  });
})();
