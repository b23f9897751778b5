from django.conf import settings
from django.http import FileResponse, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from orders.models import Order, Stock


def health(request):
    Order.objects.exists()
    return HttpResponse("ok\n")


@csrf_exempt
def orders(request):
    if request.method == "POST":
        from orders.tasks import write_receipt

        order = Order.objects.create(item=request.POST["item"])
        write_receipt.delay(order.id)
        return JsonResponse({"id": order.id}, status=201)
    return JsonResponse({"orders": list(Order.objects.values()), "stock_takings": Stock.objects.count()})


def media(request, name):
    return FileResponse((settings.MEDIA_ROOT / name).open("rb"))
