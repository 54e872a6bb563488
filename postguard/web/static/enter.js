// Hands the secret behind # over. It was in no request's address, so it is in no log.
const secret = location.hash.slice(1);
history.replaceState(null, "", "/enter");
fetch("/enter", { method: "POST", body: new URLSearchParams({ secret }) }).then((answer) => {
  if (answer.ok) return location.replace("/");
  document.getElementById("coming").hidden = true;
  document.getElementById("used").hidden = false;
});
