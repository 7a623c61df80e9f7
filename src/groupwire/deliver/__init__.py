"""Files over NORM objects: manifest, roll-call, receipts. Rules only but for ``store``.

docs/delivery.md has what travels.
"""
