"""
Oscar's addresses, its WSGI application, and a few things to sell: ``python shop.py`` makes the database.
"""

import os

import django
from django.apps import apps
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()
urlpatterns = [path("i18n/", include("django.conf.urls.i18n")), path("", include(apps.get_app_config("oscar").urls[0]))]


def fill() -> None:
    """
    Make the database, with six products of 100,000 pieces each.
    """
    call_command("migrate", verbosity=0)
    from oscar.apps.address.models import Country  # noqa: PLC0415 - Django has to be ready first
    from oscar.apps.catalogue.models import Category, Product, ProductClass  # noqa: PLC0415 - Django has to be ready first
    from oscar.apps.partner.models import Partner, StockRecord  # noqa: PLC0415 - Django has to be ready first

    if Product.objects.exists():
        return
    Country.objects.create(iso_3166_1_a2="PL", printable_name="Poland", name="Poland", is_shipping_country=True)
    partner = Partner.objects.create(name="Us")
    kind = ProductClass.objects.create(name="Toy", requires_shipping=True, track_stock=True)
    shelf = Category.add_root(name="Toys")
    for place, name in enumerate(("Kite", "Robot", "Blocks", "Puzzle", "Bear", "Train")):
        product = Product.objects.create(title=name, product_class=kind)
        product.categories.add(shelf)
        StockRecord.objects.create(
            product=product,
            partner=partner,
            partner_sku=name,
            price=10 + place,
            price_currency="EUR",
            num_in_stock=100_000,
        )


if __name__ == "__main__":
    django.setup()
    fill()
