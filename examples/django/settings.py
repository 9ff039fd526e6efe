"""
Settings of a toy shop on Django whose checkout stands behind a waiting room.
"""

from secrets import token_hex

SECRET_KEY = token_hex(32)  # a shop keeps its own, and does not make a new one with every start
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "shop"
WSGI_APPLICATION = "wsgi.application"

# ----------------------------------------------------------------------------------------------------------------------
MIDDLEWARE = [
    "waiting_room.gates.django.WaitingRoomMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

WAITING_ROOM = {
    "room": "django-shop",
    "service_url": "http://127.0.0.1:8080",
    "page_url": "http://127.0.0.1:8080/waiting-room/django-shop",
    "secret_keys_file": "waiting-room.keys",
    "protect": ["/checkout/*", "/api/cart"],
    "never": ["@defaults", "/checkout/callback/*"],
}
