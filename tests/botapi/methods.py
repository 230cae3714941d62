"""What each Bot API method does to a bot's account, and what it answers."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final

from tests.botapi import rules
from tests.botapi.account import BotAccount, Webhook
from tests.botapi.chats import Chat, labels
from tests.botapi.ledger import Refusal
from tests.botapi.limits import Limited, RateLimiter
from tests.botapi.rules import Formatted, Json, Method, Params, Refused, Upload, bad

LONGEST_POLL: Final = 50


class BotMethods:
    """The methods of one bot."""

    def __init__(self, account: BotAccount, limiter: RateLimiter) -> None:
        self.account = account
        self.limiter = limiter
        self.closing = False
        self._poll = 0
        self._ended_by = rules.POLLED_TWICE
        self._actions: dict[str, Callable[[Params], object]] = {
            "getMe": self.get_me,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
            "sendMessage": self.send_message,
            "sendPhoto": self.send_photo,
            "sendDocument": self.send_document,
            "sendChatAction": self.send_chat_action,
            "editMessageText": self.edit_message_text,
            "editMessageReplyMarkup": self.edit_message_reply_markup,
            "answerCallbackQuery": self.answer_callback_query,
            "setMyCommands": self.set_my_commands,
            "deleteMyCommands": self.delete_my_commands,
            "getMyCommands": self.get_my_commands,
            "setMyDescription": self.set_my_description,
            "setMyShortDescription": self.set_my_short_description,
            "setChatMenuButton": self.set_chat_menu_button,
            "getFile": self.get_file,
            "getChat": self.get_chat,
        }

    async def call(self, method: Method, params: Params) -> object:
        """Carry a call out and return its result; raise Refused when Telegram would say no."""
        for oddity in params.oddities:
            self.account.ledger.breach("odd field", f"{method.name}: {oddity}")
        if method.name == "getUpdates":
            return await self.get_updates(params)
        return self._actions[method.name](params)

    # --- getting updates ---

    async def get_updates(self, params: Params) -> list[Json]:
        """Wait for updates as long as asked; a newer getUpdates or a webhook ends this one."""
        if self.account.webhook:
            raise Refused(409, rules.WEBHOOK_ACTIVE)
        mine = self._begin_poll()
        self._set_allowed(params)
        until = time.monotonic() + min(max(0, params.get("timeout", 0)), LONGEST_POLL)
        offset = params.get("offset", 0)
        while True:
            changed = self.account.queue.changed.listen()
            if mine != self._poll:
                raise Refused(409, self._ended_by)
            batch = self.account.queue.fetch(offset, _limit(params))
            left = until - time.monotonic()
            if batch or left <= 0 or self.closing:
                return [queued.body for queued in batch]
            # A negative offset chooses where to begin once, it does not drop what comes later.
            offset = max(0, offset)
            await _wait(changed, left)

    def _begin_poll(self) -> int:
        self._poll += 1
        self._ended_by = rules.POLLED_TWICE
        self.account.queue.changed.fire()
        return self._poll

    def _set_allowed(self, params: Params) -> None:
        allowed = params.get("allowed_updates")
        if isinstance(allowed, list):
            self.account.queue.allowed = frozenset(map(str, allowed)) or None

    def set_webhook(self, params: Params) -> bool:
        url = params.get("url", "")
        if not url:
            return self.delete_webhook(params)
        secret = params.get("secret_token", "")
        rules.check_webhook(url, secret)
        self._set_allowed(params)
        self._forget_if_asked(params)
        connections = min(max(1, params.get("max_connections", 40)), 100)
        self.account.webhook = Webhook(url, secret, connections)
        self._end_poll(rules.POLL_ENDED_BY_WEBHOOK)
        return True

    def delete_webhook(self, params: Params) -> bool:
        self._forget_if_asked(params)
        self.account.webhook = None
        self.account.queue.changed.fire()
        return True

    def get_webhook_info(self, _: Params) -> Json:
        webhook, error = self.account.webhook, self.account.webhook_error
        info: Json = {"url": webhook.url if webhook else "", "has_custom_certificate": False}
        info["pending_update_count"] = len(self.account.queue.waiting)
        if webhook:
            info["max_connections"] = webhook.max_connections
        if webhook and error:
            info["last_error_date"], info["last_error_message"] = error
        if self.account.queue.allowed:
            info["allowed_updates"] = sorted(self.account.queue.allowed)
        return info

    def _forget_if_asked(self, params: Params) -> None:
        if params.get("drop_pending_updates"):
            self.account.queue.forget()

    def _end_poll(self, why: str) -> None:
        self._poll += 1
        self._ended_by = why
        self.account.queue.changed.fire()

    # --- sending ---

    def send_message(self, params: Params) -> Json:
        text = rules.message_text(params)
        return self._send("sendMessage", params, _text(text), text.text)

    def send_photo(self, params: Params) -> Json:
        caption = rules.message_caption(params)
        files, known = self.account.files, self._known_file(params, "photo")
        content = b"" if known else self._file_content(params, "photo", rules.MAX_PHOTO)
        chat = self._writable(params)
        sizes = files.photo(known) if known else files.add_photo(content)
        return self._send("sendPhoto", params, {"photo": sizes} | _caption(caption), caption.text, chat)

    def send_document(self, params: Params) -> Json:
        caption = rules.message_caption(params)
        files, known = self.account.files, self._known_file(params, "document")
        content = b"" if known else self._file_content(params, "document", rules.MAX_UPLOAD)
        upload = _upload(params, "document") or Upload("document", "application/octet-stream", b"")
        chat = self._writable(params)
        document = files.document(known) if known else files.add_document(content, upload.name, upload.mime)
        return self._send("sendDocument", params, {"document": document} | _caption(caption), caption.text, chat)

    def send_chat_action(self, params: Params) -> bool:
        if params.get("action") not in rules.CHAT_ACTIONS:
            raise bad("wrong parameter action in request")
        self._not_blocked(self._known(params))
        return True

    def _send(self, method: str, params: Params, content: Json, text: str, chat: Chat | None = None) -> Json:
        markup = rules.reply_markup(params)
        chat = chat or self._writable(params)
        message = self.account.new_message(chat, self.account.user) | content | _inline(markup)
        chat.show(message, markup)
        ledger = self.account.ledger
        for oddity in rules.overlooked_in_buttons(markup):
            ledger.breach("odd field", f"{method}: {oddity}")
        ledger.accept(self.account.id, method, chat.id, message["message_id"], text, labels(markup))
        return message

    def _writable(self, params: Params) -> Chat:
        """The chat a message may go to now: known, within the limits, not blocked."""
        rules.reply_markup(params)
        chat = self._known(params)
        self._within_limits(chat)
        self._not_blocked(chat)
        return chat

    def _known(self, params: Params) -> Chat:
        chat = self.account.chat(params.get("chat_id", 0))
        if chat is None:
            raise bad("chat not found")
        if not chat.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _within_limits(self, chat: Chat) -> None:
        limited = self.limiter.admit(self.account.id, chat.id, time.monotonic())
        if isinstance(limited, Limited):
            if limited.ignored:
                self.account.ledger.breach("retry_after ignored", f"a message to {chat.id} came too early")
            raise too_many(limited.retry_after)

    def _not_blocked(self, chat: Chat) -> None:
        if not chat.blocked:
            return
        if chat.told_blocked:
            self.account.ledger.breach("wrote to who blocked", f"chat {chat.id} again after its 403")
        chat.told_blocked = True
        raise Refused(403, "Forbidden: bot was blocked by the user")

    def _known_file(self, params: Params, name: str) -> str | None:
        """The file id of a request, None when it brings the file. What was a photo stays one, and a document, too."""
        given = params.get(name)
        if not isinstance(given, str) or given.startswith("attach://") or re.match(r"https?://", given):
            return None
        files = self.account.files
        if files.content(given) is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if (files.photo(given) if name == "photo" else files.document(given)) is None:
            raise bad("type of file mismatch")
        return given

    def _file_content(self, params: Params, name: str, largest: int) -> bytes:
        upload = _upload(params, name)
        # An address Telegram would fetch; this server reaches no network.
        content = upload.content if upload else b""
        if upload is None and not re.match(r"https?://", str(params.get(name))):
            raise bad("wrong file identifier/HTTP URL specified")
        if upload and not content:
            raise bad("file must be non-empty")
        if len(content) > largest:
            raise Refused(413, "Request Entity Too Large")
        return content

    # --- editing ---

    def edit_message_text(self, params: Params) -> Json:
        text = rules.message_text(params)
        markup = rules.reply_markup(params, inline_only=True)
        chat, old = self._editable(params)
        if "text" not in old:
            raise bad("there is no text in the message to edit")
        return self._edit("editMessageText", chat, old, _text(text), markup)

    def edit_message_reply_markup(self, params: Params) -> Json:
        markup = rules.reply_markup(params, inline_only=True)
        chat, old = self._editable(params)
        return self._edit("editMessageReplyMarkup", chat, old, {}, markup)

    def _editable(self, params: Params) -> tuple[Chat, Json]:
        if "chat_id" not in params.values:
            raise bad("chat_id is empty")
        if "message_id" not in params.values:
            raise bad("message identifier is not specified")
        chat = self._known(params)
        message = chat.messages.get(params.get("message_id"))
        if message is None:
            raise bad("message to edit not found")
        if message["from"]["id"] != self.account.id:
            raise bad("message can't be edited")
        return chat, message

    def _edit(self, method: str, chat: Chat, old: Json, content: Json, markup: Json | None) -> Json:
        kept = {key: value for key, value in old.items() if key not in ("reply_markup", "edit_date")}
        if content:
            kept = {key: value for key, value in kept.items() if key not in ("text", "entities")}
        new = kept | content | _inline(markup)
        if new == {key: value for key, value in old.items() if key != "edit_date"}:
            raise Refused(400, rules.NOT_MODIFIED)
        new["edit_date"] = int(time.time())
        chat.show(new, markup)
        text = new.get("text", new.get("caption", ""))
        self.account.ledger.accept(self.account.id, method, chat.id, new["message_id"], text, labels(markup))
        return new

    # --- answering presses ---

    def answer_callback_query(self, params: Params) -> bool:
        ledger = self.account.ledger
        press = ledger.presses.get(params.get("callback_query_id"))
        if press is None or press.bot != self.account.id or press.answered is not None:
            raise Refused(400, rules.QUERY_TOO_OLD)
        text = params.get("text", "")
        if rules.utf16_length(text) > rules.MAX_ANSWER:
            raise bad("MESSAGE_TOO_LONG")
        ledger.answer(press.id)
        if text and (chat := self.account.chat(press.chat)):
            chat.toast(text)
        return True

    # --- the bot itself ---

    def get_me(self, _: Params) -> Json:
        flags = (
            "can_join_groups",
            "can_read_all_group_messages",
            "supports_inline_queries",
            "has_main_web_app",
        )
        return self.account.user | dict.fromkeys(flags, False) | {"can_connect_to_business": False}

    def set_my_commands(self, params: Params) -> bool:
        commands, key = rules.bot_commands(params), rules.menu_key(params)
        self._scope_exists(params)
        self.account.commands[key] = commands
        return True

    def delete_my_commands(self, params: Params) -> bool:
        self.account.commands.pop(rules.menu_key(params), None)
        return True

    def get_my_commands(self, params: Params) -> list[Json]:
        return self.account.commands.get(rules.menu_key(params), [])

    def set_my_description(self, params: Params) -> bool:
        return self._describe(params, "description", 512)

    def set_my_short_description(self, params: Params) -> bool:
        return self._describe(params, "short_description", 120)

    def set_chat_menu_button(self, params: Params) -> bool:
        button = params.get("menu_button") or {"type": "default"}
        if not isinstance(button, dict) or button.get("type") not in ("commands", "web_app", "default"):
            raise bad("can't parse MenuButton: Unsupported type specified")
        if "chat_id" in params.values:
            self._known(params)
        self.account.menu_buttons[params.get("chat_id", 0)] = button
        return True

    def get_chat(self, params: Params) -> Json:
        chat = self.account.chat(params.get("chat_id", 0))
        if chat is None:
            raise bad("chat not found")
        accepted = {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
        }
        return chat.described | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": accepted | {"gifts_from_channels": False},
        }

    def get_file(self, params: Params) -> Json:
        file_id = params.get("file_id")
        content = self.account.files.content(file_id)
        if content is None:
            raise bad("invalid file_id")
        if len(content) > rules.MAX_DOWNLOAD:
            raise bad("file is too big")
        unique = {"file_id": file_id, "file_unique_id": file_id[-16:]}
        return unique | {"file_size": len(content), "file_path": self.account.files.path(file_id)}

    def _describe(self, params: Params, field: str, longest: int) -> bool:
        text = params.get(field, "")
        if rules.utf16_length(text) > longest:
            raise bad(f"{field} is too long")
        self.account.descriptions[field, rules.language(params)] = text
        return True

    def _scope_exists(self, params: Params) -> None:
        chat_id = (params.get("scope") or {}).get("chat_id")
        if chat_id is not None and self.account.chat(chat_id) is None:
            raise bad("chat not found")


def too_many(retry_after: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {retry_after}", retry_after)


def refusal(account: BotAccount, method: str, chat: int, refused: Refused, *, injected: bool = False) -> Refusal:
    """The ledger's line about a refused call."""
    return Refusal(
        time.time(),
        account.id,
        method,
        chat,
        refused.code,
        refused.description,
        injected,
        refused.retry_after,
    )


def _limit(params: Params) -> int:
    return int(min(max(1, params.get("limit", 100)), 100))


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return


def _text(formatted: Formatted) -> Json:
    return {"text": formatted.text} | ({"entities": list(formatted.entities)} if formatted.entities else {})


def _caption(formatted: Formatted) -> Json:
    if not formatted.text:
        return {}
    entities = {"caption_entities": list(formatted.entities)} if formatted.entities else {}
    return {"caption": formatted.text} | entities


def _inline(markup: Json | None) -> Json:
    """Only an inline keyboard stays with its message."""
    rows = (markup or {}).get("inline_keyboard")
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _upload(params: Params, name: str) -> Upload | None:
    given = params.get(name)
    if isinstance(given, str) and given.startswith("attach://"):
        return params.uploads.get(given.removeprefix("attach://"))
    return given if isinstance(given, Upload) else None
