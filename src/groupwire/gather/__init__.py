"""One message, every answer: the tagged form, the asker, the answerer.

Rules only: no socket, no clock, no dice of its own.
"""

from groupwire.gather.answerer import Answerer, AnswerEvent, MessageReceived
from groupwire.gather.asker import (
    AskedAgain,
    Asker,
    AskEvent,
    Finished,
    NameClash,
)
from groupwire.gather.expectation import Expectation, Expected
from groupwire.gather.names import checked_name, is_name
from groupwire.gather.policy import AnswerPolicy, Limits, Refusal
from groupwire.gather.result import Answer, Form, Question, Result, StoppedBy
from groupwire.gather.spread import spread_us
from groupwire.gather.tagged import Kind, Tagged, is_tagged

__all__ = [
    "Answer",
    "AnswerEvent",
    "AnswerPolicy",
    "Answerer",
    "AskEvent",
    "AskedAgain",
    "Asker",
    "Expectation",
    "Expected",
    "Finished",
    "Form",
    "Kind",
    "Limits",
    "MessageReceived",
    "NameClash",
    "Question",
    "Refusal",
    "Result",
    "StoppedBy",
    "Tagged",
    "checked_name",
    "is_name",
    "is_tagged",
    "spread_us",
]
