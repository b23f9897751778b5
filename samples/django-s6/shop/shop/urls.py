from django.urls import path
from orders import views

urlpatterns = [
    path("health", views.health),
    path("", views.orders),
    path("media/<str:name>", views.media),
]
