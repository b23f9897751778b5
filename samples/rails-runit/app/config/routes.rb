Rails.application.routes.draw do
  get "up", to: "orders#up"
  resources :orders, only: %i[create show]
end
