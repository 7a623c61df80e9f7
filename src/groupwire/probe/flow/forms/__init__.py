"""The forms of stream whose packets bear numbers: how each is known, and read."""

from groupwire.probe.flow.forms.form import Form, Row
from groupwire.probe.flow.forms.measured import MeasuredForm
from groupwire.probe.flow.forms.norm import NormForm
from groupwire.probe.flow.forms.rtp import RtpForm
from groupwire.probe.flow.forms.ssmping import SsmpingForm
from groupwire.probe.flow.forms.transport import TransportForm

__all__ = [
    "Form",
    "MeasuredForm",
    "NormForm",
    "Row",
    "RtpForm",
    "SsmpingForm",
    "TransportForm",
]
