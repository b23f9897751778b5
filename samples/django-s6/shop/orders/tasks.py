from celery import shared_task
from django.conf import settings

import django

django.setup()

from orders.models import Order, Stock  # noqa: E402


@shared_task
def write_receipt(order_id):
    """The receipt is a file that the web server hands out."""
    order = Order.objects.get(id=order_id)
    order.receipt = f"receipt-{order.id}.txt"
    (settings.MEDIA_ROOT / order.receipt).write_text(f"{order.item}, paid\n")
    order.save()


@shared_task
def take_stock():
    Stock.objects.create(orders=Order.objects.count())
