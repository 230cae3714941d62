/** Photos and documents on their way out: made smaller, previewed, uploaded with progress. */

import { readAnswer } from "./line.js";

export const ACCEPTED = "image/*,.pdf,.doc,.docx,application/pdf";
export const MOST_BYTES = 10 * 1024 * 1024;
const LONGEST_SIDE = 1600;
const SHOWN_EVERYWHERE = ["image/jpeg", "image/png", "image/webp"];
const PREVIEW_SIDE = 480;
const UPLOAD_MS = 180_000;

/** Return the blob to upload, its name, and for photos a small preview that fits into the transcript. */
export async function prepared(file) {
  const picture = file.type.startsWith("image/") ? await decoded(file) : null;
  if (!picture) return { blob: file, name: file.name, preview: null };
  const preview = resized(picture, PREVIEW_SIDE).toDataURL("image/jpeg", 0.6);
  const blob = isBig(picture, file) || !SHOWN_EVERYWHERE.includes(file.type) ? await jpegOf(resized(picture, LONGEST_SIDE)) : file;
  const name = blob === file ? file.name : file.name.replace(/\.[^.]*$/, "") + ".jpg";
  return { blob, name, preview };
}

/** iPhones take photos in a format that many other devices cannot show. */
export const isHeic = ({ name, type }) => /^image\/hei[cf]/.test(type) || /\.hei[cf]$/i.test(name);

/** A format this browser cannot show (HEIC on most) goes to the server as it is. */
const decoded = (file) => (window.createImageBitmap ? createImageBitmap(file) : drawn(file)).catch(() => null);

/** A picture as browsers before createImageBitmap read it. */
async function drawn(file) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
    return picture;
  } finally {
    URL.revokeObjectURL(picture.src);
  }
}

const isBig = (picture, file) => Math.max(picture.width, picture.height) > LONGEST_SIDE || file.size > MOST_BYTES / 4;

function resized(picture, longestSide) {
  const scale = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // JPEG knows no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

const jpegOf = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));

/** Upload once and return the server's answer. XMLHttpRequest, as fetch tells no progress. */
export function upload(token, blob, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/web/files");
    request.timeout = UPLOAD_MS;
    request.setRequestHeader("Content-Type", blob.type || "application/octet-stream");
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onerror = request.ontimeout = () => reject(new Error("no connection"));
    request.onload = () => {
      try {
        resolve(readAnswer(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      } catch (error) {
        reject(error);
      }
    };
    request.send(blob);
  });
}
