// Opens the chat page without a network: the conversation is on the device, and what is typed is sent later.
// The server fills in the version: a new one keeps a new set of files, so that those of two versions never mix.

const KEPT = "hoctap-{{version}}";
const FILES = {{files}};
const PAGE = FILES[0];

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => kept(PAGE)));
  else if (FILES.includes(pathname)) event.respondWith(fetch(request).catch(() => kept(pathname)));
});

async function keep() {
  const cache = await caches.open(KEPT);
  await cache.addAll(FILES);
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("hoctap-") && name !== KEPT).map((name) => caches.delete(name)));
  await self.clients.claim();
}

const kept = async (path) => (await caches.match(path, { cacheName: KEPT, ignoreVary: true })) ?? Response.error();
