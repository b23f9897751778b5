from django.conf import settings
from django.urls import path
from django.views.static import serve
from orders import views

urlpatterns = [
    path("health", views.health),
    path("", views.orders),
    path("media/<str:name>", views.media),
    path("static/<path:path>", serve, {"document_root": settings.STATIC_ROOT}),
]
