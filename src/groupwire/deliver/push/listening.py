"""What members say: answers to calls, questions, NORM feedback."""

from __future__ import annotations

import struct
from collections import Counter

from groupwire.deliver.push.events import (
    MemberFailed,
    PushEvent,
    ReceiptReceived,
)
from groupwire.deliver.push.group.members import Member
from groupwire.deliver.push.group.settling import Verdict
from groupwire.deliver.push.parts import Parts
from groupwire.deliver.wire.speech import decode_word, encode_word
from groupwire.deliver.words import (
    Call,
    Join,
    MemberPhase,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.errors import DecodeError
from groupwire.gather import Answer, Answerer, MessageReceived
from groupwire.values import Datagram

__all__ = ["Listening"]

_FEEDBACK = struct.Struct("!B3xII")
"""RFC 5740 §4.3: version and type, source, the sender that is meant."""
_NACK, _ACK = 0x14, 0x15


class Listening:
    """Takes members' words to the parts that they concern."""

    def __init__(self, parts: Parts, answerer: Answerer) -> None:
        self.events: list[PushEvent] = []
        self.dropped: Counter[str] = Counter()
        self._rules = parts.rules
        self._course = parts.course
        self._members = parts.members
        self._gathering = parts.gathering
        self._sending = parts.sending
        self._settling = parts.settling
        self._answerer = answerer

    def call(self) -> Call:
        """Return the call of the moment."""
        rules, files = self._rules, self._sending.files
        size = None if files.unsized is not None else files.all_bytes
        phase = self._course.phase
        return Call(
            rules.delivery,
            rules.node,
            rules.instance,
            phase,
            files.count,
            size,
            rules.title,
        )

    def answered(self, answer: Answer) -> None:
        """Take in an answer to a call."""
        self._course.stirred = True
        state = self._word(answer.data)
        if not isinstance(state, State) or answer.member is None:
            self._drop("no-state", state)
        elif self._is_ours(state.delivery, state.node):
            self._hear_state(answer.member, state, answer)

    def told(self, message: MessageReceived) -> None:
        """Take in a question."""
        self._course.stirred = True
        word = self._word(message.data)
        if isinstance(word, Join) and message.member is not None:
            self._hear_join(word, message.member, message)
        elif isinstance(word, Receipt):
            self._hear_receipt(word, message)
        elif isinstance(word, State) and word.phase is MemberPhase.LEFT:
            self._hear_left(word, message)
        else:
            self._drop("not-for-a-sender", word)

    def feedback(self, datagram: Datagram) -> None:
        """Note who speaks to NORM's sender."""
        if len(datagram.data) < _FEEDBACK.size:
            return
        kind, node, to = _FEEDBACK.unpack_from(datagram.data)
        if kind not in {_NACK, _ACK} or to != self._rules.node:
            return
        course, origin = self._course, datagram.origin
        if self._gathering.is_foreign(node, origin):
            self._members.presume(node, origin, course.awake)
        self._members.overhear(node, origin, course.awake, late=course.begun)

    # Words, one by one.

    def _hear_state(self, name: str, state: State, answer: Answer) -> None:
        if state.phase is MemberPhase.REFUSED:
            self._hear_refusal(name, state, answer)
            return
        member = self._meet(state.node, name, answer)
        if member is None:
            return
        member.hear(state, self._course.awake)
        if member.silent:
            member.silent, member.receipt = False, None
        takes = state.phase is MemberPhase.TAKING and not member.settled
        if takes and self._course.offering and state.wants != member.wants:
            self._members.lack(member, state)
            self._sending.want(state.wants)

    def _hear_refusal(self, name: str, state: State, answer: Answer) -> None:
        member = self._members.get(state.node)
        if member is not None:
            if member.origin.host != answer.sender.host:
                self.dropped["other-origin"] += 1
                return
            if self._course.begun:  # it may have a place again before long
                member.refuse(state.reason, self._course.awake)
                return
            self._members.forget(member)
        self._members.refuse(state.node, name, answer.sender, state.reason)

    def _hear_join(self, word: Join, name: str, message: MessageReceived) -> None:
        if word.node == self._rules.node:
            self.dropped["own-node"] += 1
        elif self._answer(message, self.call()):
            self._meet(word.node, name, message)

    def _hear_receipt(self, said: Receipt, message: MessageReceived) -> None:
        member = self._believed(said, message)
        if member is None:
            return
        member.heard_at = member.moved_at = self._course.awake
        before = member.receipt
        verdict = self._settling.judge(
            member, said, elapsed_s=self._course.elapsed_s, now=self._course.now
        )
        if verdict is Verdict.EARLY:
            self.dropped["early-receipt"] += 1
            return
        signed = Signed(
            said.delivery, again=verdict is Verdict.AGAIN or bool(member.again)
        )
        self._answer(message, signed)
        if member.receipt is not None and member.receipt != before:
            self.events.append(ReceiptReceived(member.receipt))

    def _hear_left(self, said: State, message: MessageReceived) -> None:
        member = self._believed(said, message)
        if member is None or member.settled:
            return
        if self._course.begun:
            member.left = True  # it has its patience to come back, as a new node
        else:  # the roll-call goes on without it
            self.events.append(MemberFailed(member.name, "left"))
            self._members.forget(member)

    def _believed(
        self, said: Receipt | State, message: MessageReceived
    ) -> Member | None:
        """Return who says it; None where it is of no member, or forged."""
        if not self._is_ours(said.delivery, said.node):
            return None
        member = self._members.get(said.node)
        if member is None:
            self.dropped["unknown-member"] += 1
        elif member.origin.host != message.datagram.origin.host:
            self.dropped["other-origin"] += 1
        else:
            return member
        return None

    def _meet(
        self, node: int, name: str, heard: Answer | MessageReceived
    ) -> Member | None:
        origin = heard.sender if isinstance(heard, Answer) else heard.datagram.origin
        course, count = self._course, len(self._members)
        member = self._members.meet(node, name, origin, course.awake, late=course.begun)
        if len(self._members) > count:
            self._members.newest_at = course.now
        return member

    def _answer(self, message: MessageReceived, word: Call | Signed) -> bool:
        refusal = self._answerer.answer(
            message, encode_word(word), now=self._course.now
        )
        if refusal is not None:
            self.dropped[refusal.value] += 1
        return refusal is None

    def _is_ours(self, delivery: int, node: int) -> bool:
        if delivery != self._rules.delivery:
            self.dropped["other-delivery"] += 1
        elif node == self._rules.node:
            self.dropped["own-node"] += 1
        else:
            return True
        return False

    def _word(self, data: bytes) -> Word | None:
        try:
            return decode_word(data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return None

    def _drop(self, reason: str, word: Word | None) -> None:
        """Count a word that means nothing here; what was no word is counted."""
        if word is not None:
            self.dropped[reason] += 1
