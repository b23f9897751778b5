class CreateOrders < ActiveRecord::Migration[6.1]
  def change
    create_table :orders do |t|
      t.string :item, null: false
      t.decimal :price, null: false, precision: 10, scale: 2
      t.string :receipt
      t.datetime :told_at
      t.timestamps
    end
  end
end
