import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row of `orders`, a table of the shop's own beside Muster's. */
@Entity('orders')
export class Order {
  @PrimaryColumn('uuid') readonly id: string;
  @Column('text') readonly article: string;
  @Column('int') readonly quantity: number;
  @Column('text') status: 'placed' | 'shipped';
  @Column('text', { name: 'tracking_code', nullable: true }) trackingCode: string | null;
}
