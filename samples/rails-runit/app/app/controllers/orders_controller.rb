class OrdersController < ActionController::API
  def up
    render plain: "#{Rails.configuration.x.settings[:app_name]} has #{Order.count} orders\n"
  end

  def create
    order = Order.create!(item: params.require(:item), price: params.require(:price))
    ReceiptWorker.perform_async(order.id)
    order.delay.tell_the_shop
    render json: order, status: :created
  end

  def show
    render json: Order.find(params[:id])
  end
end
